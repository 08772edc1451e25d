"""How rivals are started, asked in turns and timed; `benchmarks/rows` says what they are asked."""
