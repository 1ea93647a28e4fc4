//go:build !race

package contain

// smallMemory is about the least that a worker runs with.
const smallMemory = 192 * mib

// memoryFault is what becomes of a worker without memory.
func memoryFault() error { return ErrMemory }
