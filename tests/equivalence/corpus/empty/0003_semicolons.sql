-- Nothing between semicolons.
;;
 ; /* ; */ ; -- ;
