# Searches the same codes with FAISS, on one thread, and prints one line of JSON.
#   peer.py CODES QUERIES flat|multihash RADIUS COUNT
import json, sys, time
import faiss, numpy

codes = numpy.fromfile(sys.argv[1], dtype=numpy.uint8).reshape(-1, 32)
asked = numpy.fromfile(sys.argv[2], dtype=numpy.uint8).reshape(-1, 32)[: int(sys.argv[5])]
targets = numpy.fromfile(sys.argv[2] + ".targets", dtype=numpy.uint32)[: int(sys.argv[5])]
faiss.omp_set_num_threads(1)
if sys.argv[3] == "flat":
    index = faiss.IndexBinaryFlat(256)
else:
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = 1
begun = time.monotonic()
index.add(codes)
built = time.monotonic() - begun
radius = int(sys.argv[4]) + 1  # FAISS finds what is nearer than its radius
index.range_search(asked[:1], radius)
times = []
for part in numpy.array_split(numpy.arange(len(asked)), 4):
    begun = time.process_time()
    limits, _, found = index.range_search(asked[part], radius)
    times.append(((time.process_time() - begun) / len(part), part, limits, found))
hit = sum(int(targets[i] in found[limits[k] : limits[k + 1]]) for _, part, limits, found in times for k, i in enumerate(part))
print(json.dumps({"build": built, "query": sorted(t[0] for t in times)[1], "found": hit, "asked": len(asked)}))
