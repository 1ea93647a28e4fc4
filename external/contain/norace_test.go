//go:build !race

package contain

// smallMemory is about the least that a worker runs with.
const smallMemory = 192 * mib

// underRace says that the race detector is at work: a program built with it maps
// more memory at its start than any contained program may.
const underRace = false

// memoryFault is what becomes of a worker without memory.
func memoryFault() error { return ErrMemory }
