// Reads each file that standard input names, a path a line, with DBML's own parser; prints how many
// tables, enums and foreign keys it has, or what is wrong with it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Parser } = createRequire(`${process.argv[2]}/`)("@dbml/core");
for await (const file of createInterface({ input: process.stdin })) {
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
