insert into s values ('back\'); insert into s values ('fine');
