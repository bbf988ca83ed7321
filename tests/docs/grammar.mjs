// Reads each file with DBML's own parser; prints how many tables, enums and foreign keys it has.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const { Parser } = createRequire(`${folder}/`)("@dbml/core");
for (const file of files) {
  try {
    const { schemas } = new Parser().parse(readFileSync(file, "utf8"), "dbmlv2");
    const count = (what) => schemas.reduce((sum, schema) => sum + schema[what].length, 0);
    console.log(JSON.stringify([count("tables"), count("enums"), count("refs")]));
  } catch (error) {
    const found = error.diags ?? [{ message: String(error) }];
    const line = (one) => `line ${one.location?.start?.line}: ${one.message}`;
    console.log(JSON.stringify(found.slice(0, 5).map(line).join("; ")));
  }
}
