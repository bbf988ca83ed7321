"""What a statement is: text in, values out. The standard library only, and nothing of ours."""
