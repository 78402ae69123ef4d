"""The power-cut layer, as the suites use it."""
import json
import os
import shutil
import subprocess


class PowerCut:
    def __init__(self, built, folder):
        self.built = built
        self.shadow = os.path.join(folder, "shadow")

    def tool(self, *words):
        ran = subprocess.run(
            [os.path.join(self.built, "powercut_tool"), *words], check=True, capture_output=True, text=True
        )
        return json.loads(ran.stdout) if ran.stdout else {}

    def environment(self, root):
        return {
            "LD_PRELOAD": os.path.join(self.built, "libpowercut.so"),
            "POWERCUT_ROOT": root,
            "POWERCUT_SHADOW": self.shadow,
        }

    def snapshot(self, root):
        """All that is there now is on disk."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        os.makedirs(root, exist_ok=True)
        self.tool("snapshot", root, self.shadow)

    def cut(self, root, target, kept=0.0, seed=0):
        """Builds in `target` what the disk holds after the cut; answers what was lost by it."""
        return self.tool("materialise", self.shadow, target, root, str(kept), str(seed))

    def fail_next_sync(self, which):
        aside = os.path.join(self.shadow, "order")
        with open(aside, "w") as file:
            file.write(which)
        os.rename(aside, os.path.join(self.shadow, "fail-next-sync"))

    def has_failed_a_sync(self):
        return os.path.exists(os.path.join(self.shadow, "failed-sync"))
