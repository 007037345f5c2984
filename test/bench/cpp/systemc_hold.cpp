// The hold workload of src/app/bench-workload.ts on SystemC threads: each process waits again and again. A peer
// of the bench only; nothing of the product. Times are in ns.
//
// usage: systemc_hold <processes> <uniform|skewed> <ops>   prints one line of JSON, a Sample
//
// A SystemC program has one run, so it warms up in the run that it measures: its clock ends where
// the others end after warm-up and operations together. Its check value is compared with itself.
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/resource.h>
#include <systemc>

static uint32_t state = 2463534242u;
static bool skewed;
static uint64_t done, limit, startCount = 200000;
static int64_t startUs;

static int64_t userUs() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
}

static uint32_t delay() {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  if (!skewed) return 1 + ((state >> 8) & 0xfffff);
  return (state & 15) == 0 ? 1 + (state >> 8) : 1 + ((state >> 8) & 0xfff);
}

static void body() {
  for (;;) {
    sc_core::wait(sc_core::sc_time(delay(), sc_core::SC_NS));
    if (++done == startCount) startUs = userUs();
    if (done == limit) sc_core::sc_stop();
  }
}

int sc_main(int argc, char **argv) {
  if (argc != 4) return 2;
  int processes = atoi(argv[1]);
  skewed = strcmp(argv[2], "skewed") == 0;
  uint64_t ops = strtoull(argv[3], nullptr, 10);
  limit = startCount + ops;
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  for (int id = 0; id < processes; id++) sc_core::sc_spawn(body);
  sc_core::sc_start();
  int64_t spent = userUs() - startUs;
  printf("{\"ops\":%llu,\"check\":%.0f,\"userUs\":%lld}\n", (unsigned long long)ops,
         sc_core::sc_time_stamp().to_seconds() * 1e9, (long long)spent);
  return 0;
}
