/** A program that never calls run is run all the same, once for each rank. */
console.log('no MPI here')
