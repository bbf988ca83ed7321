INSERT INTO t VALUES ('no comment in front');
