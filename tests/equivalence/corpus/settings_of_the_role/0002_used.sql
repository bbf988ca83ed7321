-- They hold now.
CREATE TABLE in_app (x int);
VACUUM in_app;
ALTER ROLE CURRENT_USER IN DATABASE subject SET TimeZone = 'Asia/Tokyo';
