"""Does the rehearsal refuse what AWS refuses, and take what AWS takes? selftest.sh runs these tests.

Each test deploys a small template on an emulator that the test process serves on 127.0.0.1; no CDK CLI is needed.
"""
