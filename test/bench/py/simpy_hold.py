# The hold workload of src/app/bench-workload.ts on SimPy processes. A peer of the bench only; nothing
# of the product. Times are in ns.
#
# usage: simpy_hold.py <processes> <uniform|skewed> <ops>      prints one line of JSON, a Sample
import json
import resource
import sys

import simpy

WARM_UP_OPS = 20000


def user_us():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_utime * 1e6)


def delays(skewed):
    x = 2463534242
    while True:
        x = (x ^ (x << 13)) & 0xFFFFFFFF
        x ^= x >> 17
        x = (x ^ (x << 5)) & 0xFFFFFFFF
        if not skewed:
            yield 1 + ((x >> 8) & 0xFFFFF)
        else:
            yield 1 + (x >> 8) if (x & 15) == 0 else 1 + ((x >> 8) & 0xFFF)


def run(processes, skewed, ops):
    env = simpy.Environment()
    draw = delays(skewed).__next__
    left = [ops]
    end = env.event()

    def body():
        while True:
            yield env.timeout(draw())
            left[0] -= 1
            if left[0] == 0:
                end.succeed(env.now)

    for _ in range(processes):
        env.process(body())
    return env.run(until=end)


def main():
    processes, skewed, ops = int(sys.argv[1]), sys.argv[2] == 'skewed', int(sys.argv[3])
    run(processes, skewed, WARM_UP_OPS)
    before = user_us()
    check = run(processes, skewed, ops)
    print(json.dumps({'ops': ops, 'check': check, 'userUs': user_us() - before}))


main()
