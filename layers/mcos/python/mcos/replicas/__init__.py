"""Reading, signing, copying and repairing single replicas, on this cluster and on others."""
