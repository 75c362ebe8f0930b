#!/usr/bin/python3
"""The exit status of accuracy.py, with its flights and its scorer replaced: test_accuracy.py"""
import os, sys, types, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import accuracy


class Pool:
    def __init__(self, count):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def map(self, function, jobs, chunksize):
        return jobs


def status(kept, *options):
    """What a run returns whose only limit is kept, missed (False) or not judged (None)."""
    accuracy.multiprocessing = types.SimpleNamespace(Pool=Pool)
    accuracy.module = lambda *_: None
    accuracy.baselines = lambda *_: {}
    accuracy.tell = lambda *_: ({}, [('figure', '1', kept)])
    sys.argv = ['accuracy.py', '--tool', 't', '--bench', 'b', '--work', 'w', '1', 'clutter_only', *options]
    return accuracy.main()


class ExitStatus(unittest.TestCase):
    def test_it_is_0_whether_limits_are_kept_or_not(self):
        self.assertEqual([status(True), status(False), status(None)], [0, 0, 0])

    def test_it_is_1_when_a_limit_is_missed_and_strict_is_asked_for(self):
        self.assertEqual([status(k, '--strict') for k in (True, False, None)], [0, 1, 0])


if __name__ == '__main__':
    unittest.main(buffer=True)
