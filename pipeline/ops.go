package pipeline

import (
	"tutela/external/contain"
	"tutela/format/picture"
)

// Ops returns what the contained worker can do, by name.
func Ops() map[string]contain.Op {
	return map[string]contain.Op{"fingerprint": picture.Fingerprint}
}
