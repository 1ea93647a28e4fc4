//go:build race

package contain

// smallMemory is about the least that a worker runs with: the race detector
// takes several times as much.
const smallMemory = 768 * mib

// memoryFault is what becomes of a worker without memory: the detector's own
// runtime ends it, with a message of its own.
func memoryFault() error { return ErrCrashed }
