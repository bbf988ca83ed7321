"""The table of the migrations, what it says of the folder, and the checkpoints in it."""
