/* The twin of programs/messages.ts on MPI in C: same modes, sizes, rounds and output. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 64 };
static int rank, size, window;
static long nbytes, length, block;
static char *a, *b, *part, *whole, *other, ack[4];
static double work;
/* Of the vector forms: every block as long as the others. Of reduceScatter, in doubles: half of it and one and a half, in turns. */
static int *counts, *displs, *unequal;
/* Of a rank in a torus of two dimensions. */
enum { NEIGHBORS = 4 };
static MPI_Comm torus;

static void compute(double us) {
  double end = MPI_Wtime() + us / 1e6;
  while (MPI_Wtime() < end);
}

static void sends(MPI_Request *requests) {
  for (int i = 0; i < window; i++) MPI_Isend(a, nbytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, requests + i);
}

static void receives(MPI_Request *requests) {
  for (int i = 0; i < window; i++) MPI_Irecv(b, nbytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, requests + i);
}

/* One round of a mode. */
static void run(const char *mode) {
  MPI_Request requests[2 * WINDOW];
  MPI_Comm world = MPI_COMM_WORLD;
  int peer = 1 - rank;
  if (!strcmp(mode, "latency")) {
    if (rank == 0) MPI_Send(a, nbytes, MPI_BYTE, peer, 0, world);
    MPI_Recv(b, nbytes, MPI_BYTE, peer, 0, world, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(a, nbytes, MPI_BYTE, peer, 0, world);
  } else if (!strcmp(mode, "bandwidth")) {
    if (rank == 0) sends(requests); else receives(requests);
    MPI_Waitall(window, requests, MPI_STATUSES_IGNORE);
    if (rank == 0) MPI_Recv(ack, 4, MPI_BYTE, peer, 0, world, MPI_STATUS_IGNORE);
    else MPI_Send(ack, 4, MPI_BYTE, peer, 0, world);
  } else if (!strcmp(mode, "bidirectional")) {
    receives(requests);
    sends(requests + window);
    MPI_Waitall(2 * window, requests, MPI_STATUSES_IGNORE);
  } else if (!strcmp(mode, "overlap")) {
    MPI_Irecv(b, nbytes, MPI_BYTE, peer, 0, world, requests);
    MPI_Isend(a, nbytes, MPI_BYTE, peer, 0, world, requests + 1);
    compute(work);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
  } else if (!strcmp(mode, "barrier")) MPI_Barrier(world);
  else if (!strcmp(mode, "bcast")) MPI_Bcast(a, nbytes, MPI_BYTE, 0, world);
  else if (!strcmp(mode, "reduce")) MPI_Reduce(a, b, length / 8, MPI_DOUBLE, MPI_SUM, 0, world);
  else if (!strcmp(mode, "allreduce")) MPI_Allreduce(a, b, length / 8, MPI_DOUBLE, MPI_SUM, world);
  else if (!strcmp(mode, "gather")) MPI_Gather(part, block, MPI_BYTE, whole, block, MPI_BYTE, 0, world);
  else if (!strcmp(mode, "scatter")) MPI_Scatter(whole, block, MPI_BYTE, part, block, MPI_BYTE, 0, world);
  else if (!strcmp(mode, "allgather")) MPI_Allgather(part, block, MPI_BYTE, whole, block, MPI_BYTE, world);
  else if (!strcmp(mode, "alltoall")) MPI_Alltoall(whole, block, MPI_BYTE, other, block, MPI_BYTE, world);
  else if (!strcmp(mode, "scan")) MPI_Scan(a, b, length / 8, MPI_DOUBLE, MPI_SUM, world);
  else if (!strcmp(mode, "exscan")) MPI_Exscan(a, b, length / 8, MPI_DOUBLE, MPI_SUM, world);
  else if (!strcmp(mode, "reduceScatterBlock"))
    MPI_Reduce_scatter_block(whole, part, block / 8, MPI_DOUBLE, MPI_SUM, world);
  else if (!strcmp(mode, "reduceScatter")) MPI_Reduce_scatter(whole, other, unequal, MPI_DOUBLE, MPI_SUM, world);
  else if (!strcmp(mode, "gatherv"))
    MPI_Gatherv(part, block, MPI_BYTE, whole, counts, displs, MPI_BYTE, 0, world);
  else if (!strcmp(mode, "scatterv"))
    MPI_Scatterv(whole, counts, displs, MPI_BYTE, part, block, MPI_BYTE, 0, world);
  else if (!strcmp(mode, "allgatherv"))
    MPI_Allgatherv(part, block, MPI_BYTE, whole, counts, displs, MPI_BYTE, world);
  else if (!strcmp(mode, "alltoallv"))
    MPI_Alltoallv(whole, counts, displs, MPI_BYTE, other, counts, displs, MPI_BYTE, world);
  else if (!strcmp(mode, "neighborAllgather"))
    MPI_Neighbor_allgather(part, block, MPI_BYTE, whole, block, MPI_BYTE, torus);
  else if (!strcmp(mode, "neighborAlltoall"))
    MPI_Neighbor_alltoall(whole, block, MPI_BYTE, other, block, MPI_BYTE, torus);
  else MPI_Abort(world, 2);
}

/* Microseconds of `rounds` rounds. */
static double timed(const char *mode, long rounds) {
  MPI_Barrier(MPI_COMM_WORLD);
  double begin = MPI_Wtime();
  for (long i = 0; i < rounds; i++) run(mode);
  return (MPI_Wtime() - begin) * 1e6;
}

static double overlap(const char *mode, long rounds) {
  work = 0;
  timed(mode, rounds);
  double transfer = timed(mode, rounds) / rounds;
  work = transfer;
  double share = 100 * (2 * transfer - timed(mode, rounds) / rounds) / transfer;
  return share < 0 ? 0 : share > 100 ? 100 : share;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const char *mode = argv[1];
  counts = malloc(size * sizeof(int));
  displs = malloc(size * sizeof(int));
  unequal = malloc(size * sizeof(int));
  int dims[2] = {0, 0}, periods[2] = {1, 1};
  MPI_Dims_create(size, 2, dims);
  MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, 0, &torus);
  int blocks = strstr(mode, "neighbor") ? NEIGHBORS : size;
  /* Reductions are of doubles, at least one: a call without elements does nothing. */
  long least = strstr("reduce allreduce scan exscan reduceScatterBlock reduceScatter", mode) ? 8 : 1;
  for (char *word = strtok(argv[2], ","); word != NULL; word = strtok(NULL, ",")) {
    nbytes = atol(word);
    length = nbytes > least ? nbytes : least;
    block = nbytes / blocks > least ? nbytes / blocks : least;
    for (int i = 0; i < size; i++) {
      counts[i] = block;
      displs[i] = i * block;
      int count = block / 8, half = count / 2;
      unequal[i] = (i ^ 1) >= size ? count : i % 2 == 0 ? half : 2 * count - half;
    }
    int windows = !strcmp(mode, "bandwidth") || !strcmp(mode, "bidirectional");
    long rounds = (windows ? 25000000 : 200000000) / (nbytes + 10000);
    rounds = rounds < 10 ? 10 : rounds;
    if (rounds > atol(argv[3])) rounds = atol(argv[3]);
    long most = (1L << 25) / (nbytes + 1);
    window = most < 2 ? 2 : most < WINDOW ? most : WINDOW;
    char **buffers[] = {&a, &b, &part, &whole, &other};
    for (int i = 0; i < 5; i++) {
      long bytes = i == 2 ? block : i > 2 ? block * blocks : length;
      *buffers[i] = memset(malloc(bytes), 1, bytes);
    }
    double result;
    if (!strcmp(mode, "overlap")) result = overlap(mode, rounds);
    else {
      long messages = windows ? window : !strcmp(mode, "latency") ? 2 : 1;
      timed(mode, (rounds + 9) / 10);
      result = timed(mode, rounds) / rounds / messages;
    }
    if (rank == 0) printf("{\"nbytes\":%ld,\"us\":%.4f}\n", nbytes, result);
    for (int i = 0; i < 5; i++) free(*buffers[i]);
  }
  MPI_Finalize();
}
