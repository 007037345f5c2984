// The hold workload of src/app/bench-workload.ts on a bare std::priority_queue; each event is one call through
// a function pointer. A peer of the bench only; nothing of the product. Times are in ns.
//
// usage: pq_hold <processes> <uniform|skewed> <ops>      prints one line of JSON, a Sample
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <sys/resource.h>
#include <vector>

struct Event {
  uint64_t timeNs;
  uint32_t priority;
  uint64_t seq;
  void (*call)(uint32_t id);
  uint32_t id;
};

struct Later {
  bool operator()(const Event &a, const Event &b) const {
    if (a.timeNs != b.timeNs) return a.timeNs > b.timeNs;
    if (a.priority != b.priority) return a.priority > b.priority;
    return a.seq > b.seq;
  }
};

static std::priority_queue<Event, std::vector<Event>, Later> events;
static uint64_t nowNs, nextSeq;
static uint32_t state;
static bool skewed;

static uint32_t delay() {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  if (!skewed) return 1 + ((state >> 8) & 0xfffff);
  return (state & 15) == 0 ? 1 + (state >> 8) : 1 + ((state >> 8) & 0xfff);
}

static void step(uint32_t id) { events.push({nowNs + delay(), 0, nextSeq++, step, id}); }

static void run(uint32_t processes, uint64_t ops) {
  events = {};
  nowNs = nextSeq = 0;
  state = 2463534242u;
  for (uint32_t id = 0; id < processes; id++) step(id);
  for (uint64_t done = 0; done < ops; done++) {
    Event event = events.top();
    events.pop();
    nowNs = event.timeNs;
    event.call(event.id);
  }
}

static int64_t userUs() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  uint32_t processes = atoi(argv[1]);
  skewed = strcmp(argv[2], "skewed") == 0;
  uint64_t ops = strtoull(argv[3], nullptr, 10);
  run(processes, 200000);
  int64_t before = userUs();
  run(processes, ops);
  int64_t spent = userUs() - before;
  printf("{\"ops\":%llu,\"check\":%llu,\"userUs\":%lld}\n", (unsigned long long)ops,
         (unsigned long long)nowNs, (long long)spent);
}
