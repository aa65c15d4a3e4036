"""The write load: a thread that writes batch after batch at an offered rate while somebody queries."""

from __future__ import annotations

import threading
import time
from typing import Any

from workload import Workload


class Writer:
    """Writes the workload's batches to a store, each once and in order, over all its runs."""

    def __init__(self, store: Any, workload: Workload) -> None:
        self.store, self.workload = store, workload
        self.applied = 0  # the number of the last batch
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._error: BaseException | None = None

    def _prepare(self, number: int) -> dict[str, list]:
        return {name: self.store.prepare(name, records) for name, records in self.workload.batch(number).items()}

    def write_up_to(self, number: int) -> None:
        while self.applied < number:
            self.store.write(self._prepare(self.applied + 1))
            self.applied += 1

    def rate_alone(self, batches: int) -> float:
        """Rows a second as fast as it goes, with nobody reading; what is written is made before."""
        prepared = [self._prepare(self.applied + 1 + i) for i in range(batches)]
        begin = time.perf_counter()
        for batch in prepared:
            self.store.write(batch)
            self.applied += 1
        return batches * self.workload.batch_rows / (time.perf_counter() - begin)

    def start(self, rows_per_second: float) -> None:
        self._stop.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(self.workload.batch_rows / rows_per_second,), name="writer")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def _run(self, interval: float) -> None:
        try:
            due = time.perf_counter()
            while not self._stop.is_set():
                self.store.write(self._prepare(self.applied + 1))
                self.applied += 1
                # What it could not write in time is not caught up with: the rate reached is then below the one offered.
                due = max(due + interval, time.perf_counter() - interval)
                time.sleep(max(0.0, due - time.perf_counter()))
        except BaseException as error:  # handed to the thread that stops the writer
            self._error = error
