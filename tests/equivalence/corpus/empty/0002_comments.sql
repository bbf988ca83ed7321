-- Nothing but comments.
/* Nothing /* here */ either; */
-- And no newline at the end