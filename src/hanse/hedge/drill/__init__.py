"""Prove on a day that a project can go on from its mirrors alone: `cut` the network, then for each locked model materialize,
verify, load and generate (`inside`, in a process of its own), and sign what came out (`record`). `schedule` says when again."""
