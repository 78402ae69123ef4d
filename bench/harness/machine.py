"""What the machine did during a leg: flushes and bytes of its disk, CPU of the processes under test."""
import contextlib
import glob
import os
import platform
import time

TICKS = os.sysconf("SC_CLK_TCK")


def block_device(folder):
    """The statistics file of the disk that holds the folder; nothing for tmpfs and the like."""
    number = os.stat(folder).st_dev
    path = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"
    if not os.path.exists(path):
        return None
    real = os.path.realpath(path)
    if not os.path.exists(os.path.join(real, "queue")):
        real = os.path.dirname(real)  # a partition: flushes are counted for the whole disk
    return os.path.join(real, "stat")


def descendants(pid):
    out = [pid]
    for parent in out:
        for path in glob.glob(f"/proc/{parent}/task/*/children"):
            with contextlib.suppress(OSError), open(path) as file:
                out += [int(child) for child in file.read().split()]
    return out


def cpu_seconds(pids):
    """User and system time of the processes and their living and reaped children."""
    ticks = 0
    for pid in {p for root in pids for p in descendants(root)}:
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(") ", 1)[1].split()
            ticks += sum(int(fields[i]) for i in (11, 12))
            ticks += sum(int(fields[i]) for i in (13, 14)) if pid in pids else 0
        except OSError:
            pass
    return ticks / TICKS


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


class Meter:
    """Use as a context; afterwards flushes, written_mb, seconds and cpu_s are what was used inside."""

    def __init__(self, folder, pids=()):
        self.stat = block_device(folder)
        self.pids = [pid for pid in pids if pid]

    def read_disk(self):
        if not self.stat:
            return 0, 0
        with open(self.stat) as file:
            fields = [int(word) for word in file.read().split()]
        return (fields[15] if len(fields) > 15 else 0), fields[6] * 512 / 1e6

    def __enter__(self):
        self.flushes, self.written_mb = self.read_disk()
        self.cpu_s = cpu_seconds(self.pids)
        self.seconds = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.seconds
        flushes, written = self.read_disk()
        self.flushes = flushes - self.flushes
        self.written_mb = written - self.written_mb
        self.cpu_s = cpu_seconds(self.pids) - self.cpu_s


def warm(folder, megabytes):
    """An unmeasured write before each leg: a virtual machine may have to fetch memory back from its host, and
    whoever touches it first pays for it."""
    path = os.path.join(folder, "warm")
    block = os.urandom(1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(megabytes):
            file.write(block)
    os.remove(path)


def describe():
    with open("/proc/cpuinfo") as file:
        model = next(
            (line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown"
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with open("/etc/os-release") as file:
        system = next(line.split('"')[1] for line in file if line.startswith("PRETTY_NAME"))
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB, {system}, kernel {platform.release()}"


def file_system(folder):
    best = ("", "unknown")
    with open("/proc/mounts") as file:
        for line in file:
            _, mount, kind = line.split()[:3]
            if os.path.realpath(folder).startswith(mount) and len(mount) > len(best[0]):
                best = (mount, kind)
    return best[1]
