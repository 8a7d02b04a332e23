"""The local clouds: an AWS emulator, an S3 service, an OpenStack Swift and a Ceph RGW.

With five clusters there are a second Swift and a second S3 service beside them.

Everything runs as ordinary processes of one machine, bound to 127.0.0.1, with
all state in the repository's ignored folder ``.mcos``. Two instances can run at
once: ``up`` is the one that people use and keeps its data; ``test`` belongs to
the tests and forgets.

``python -m clouds --help`` lists what can be done.
"""
