"""The outlook as one page, and as a part of the demo's: `readings` takes what it shows out of a result, `headlines` says it
in words, `charts` and `plots` draw it, `parts` lists it, `page` puts it together, `stylesheet` is its look."""
