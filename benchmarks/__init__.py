"""What measures speed, each against its limit in the same run (`make benchmarks`)."""
