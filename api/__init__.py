"""HTTP: parse, authorise, call, render. Routes translate; they do not think."""
