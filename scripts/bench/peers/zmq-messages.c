/* What libzmq itself gives between two processes over tcp: latency and bandwidth as in programs/messages.ts.
 * Usage: zmq-messages latency|bandwidth size,size,… rounds plain|curve */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { WINDOW = 64 };

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void forget(void *data, void *hint) { (void)data; (void)hint; }

/* Without a copy, as a rank's memory is sent. */
static void put(void *socket, char *data, size_t nbytes) {
  zmq_msg_t message;
  zmq_msg_init_data(&message, data, nbytes, forget, NULL);
  zmq_msg_send(&message, socket, 0);
}

static void get(void *socket, char *data) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  zmq_msg_recv(&message, socket, 0);
  memcpy(data, zmq_msg_data(&message), zmq_msg_size(&message));
  zmq_msg_close(&message);
}

static void round_of(int latency, int first, int window, void *in, void *out, char *data, size_t nbytes) {
  char ack[4] = "ack";
  if (latency) {
    if (first) put(out, data, nbytes);
    get(in, data);
    if (!first) put(out, data, nbytes);
    return;
  }
  for (int i = 0; i < window; i++) if (first) put(out, data, nbytes); else get(in, data);
  if (first) get(in, ack); else zmq_send(out, ack, 4, 0);
}

static void series(int latency, int first, char *sizes, long limit, void *in, void *out) {
  for (char *word = strtok(sizes, ","); word != NULL; word = strtok(NULL, ",")) {
    long nbytes = atol(word), rounds = (latency ? 200000000 : 25000000) / (nbytes + 10000), most = (1L << 25) / (nbytes + 1);
    rounds = rounds < 10 ? 10 : rounds > 2000 ? 2000 : rounds;
    if (rounds > limit) rounds = limit;
    int window = most < 2 ? 2 : most < WINDOW ? most : WINDOW;
    char *data = calloc(1, nbytes + 8);
    double begin = 0;
    for (long i = -rounds / 10; i < rounds; i++) {
      if (i == 0) begin = now_us();
      round_of(latency, first, window, in, out, data, nbytes);
    }
    if (first) printf("{\"nbytes\":%ld,\"us\":%.4f}\n", nbytes, (now_us() - begin) / rounds / (latency ? 2 : window));
    /* Not freed: the last message may still be on its way out of it. */
  }
}

/* PULL that the other side sends to, PUSH to it, with high-water marks and keys as the agents have them. */
static void *endpoint(void *context, int type, int curve, char *server_public, char *server_secret) {
  void *socket = zmq_socket(context, type);
  int unlimited = 0, on = 1;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
  if (curve && type == ZMQ_PULL) {
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_secret, 41);
  } else if (curve) {
    char own_public[41], own_secret[41];
    zmq_curve_keypair(own_public, own_secret);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own_public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own_secret, 41);
  }
  return socket;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  char server_public[41], server_secret[41], mine[128], theirs[128];
  int curve = !strcmp(argv[4], "curve"), to_child[2], to_parent[2];
  zmq_curve_keypair(server_public, server_secret);
  if (pipe(to_child) || pipe(to_parent)) return 1;
  int first = fork() != 0;
  void *context = zmq_ctx_new();
  void *in = endpoint(context, ZMQ_PULL, curve, server_public, server_secret);
  void *out = endpoint(context, ZMQ_PUSH, curve, server_public, server_secret);
  size_t length = sizeof mine;
  zmq_bind(in, "tcp://127.0.0.1:*");
  zmq_getsockopt(in, ZMQ_LAST_ENDPOINT, mine, &length);
  if (write((first ? to_child : to_parent)[1], mine, sizeof mine) < 0) return 1;
  if (read((first ? to_parent : to_child)[0], theirs, sizeof theirs) < 0) return 1;
  zmq_connect(out, theirs);
  series(!strcmp(argv[1], "latency"), first, argv[2], atol(argv[3]), in, out);
  fflush(stdout);
  zmq_close(in);
  zmq_close(out);
  zmq_ctx_term(context); /* returns when all has been sent */
  if (first) wait(NULL);
}
