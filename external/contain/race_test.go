//go:build race

package contain

// smallMemory is about the least that a worker runs with: the race detector
// takes several times as much.
const smallMemory = 768 * mib

// underRace says that the race detector is at work: a program built with it maps
// more memory at its start than any contained program may.
const underRace = true

// memoryFault is what becomes of a worker without memory: the detector's own
// runtime ends it, with a message of its own.
func memoryFault() error { return ErrCrashed }
