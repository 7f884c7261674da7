"""Runs an emulator's module and ends it when the process that started it does.

    python serve.py moto.server -p 0

Whoever starts it keeps our standard input open; its end is our sign. Without that, a test run that is killed would leave
servers behind. DEPLOY_WITHOUT_DOCKER=1 hides the Docker client, so that a task is a record and no container.
"""

import os
import runpy
import signal
import sys
import threading
import time


def end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(15)
    os._exit(1)


if os.environ.get("DEPLOY_WITHOUT_DOCKER") == "1":
    sys.modules["docker"] = None
threading.Thread(target=end_with_parent, daemon=True).start()
module = sys.argv[1]
if module == "ministack":
    import stand_ins

    stand_ins.install()
elif module == "moto.server":
    import stand_ins

    stand_ins.install_moto()
if module == "moto.server":
    import moto_stand_ins
    import route53_stand_ins

    moto_stand_ins.install()
    route53_stand_ins.install()
sys.argv = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
