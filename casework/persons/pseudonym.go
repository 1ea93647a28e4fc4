package persons

import (
	"fmt"
	"io"
	"strings"

	"tutela/fault"
)

// words are neutral and short, the same in every language of the program, and
// say nothing of a person. There are 64.
const words = "Acacia Agate Alder Amber Anise Argon Aspen Aster Basalt Birch Boron Cedar Cirrus Citron Clover Cobalt " +
	"Coral Cosmos Cypress Dahlia Delta Dune Ebony Elder Ember Fern Fjord Garnet Ginkgo Granite Harbor Hazel " +
	"Heron Indigo Iris Jade Jasper Juniper Lagoon Larch Laurel Lichen Lotus Magnet Maple Marble Meteor Nectar " +
	"Nickel Ochre Olive Onyx Opal Orbit Pebble Pine Poplar Quartz Raven Saffron Sorrel Topaz Tundra Zinc"

// draw returns a pseudonym that nobody in the case has: one of 64 words and
// four digits, from six random bytes. It depends on nothing but rand.
func draw(rand io.Reader, used []Person) (string, error) {
	taken := make(map[string]bool, len(used))
	for _, p := range used {
		taken[p.Pseudonym] = true
	}
	list := strings.Fields(words)
	for range 1000 {
		var b [6]byte
		if _, err := io.ReadFull(rand, b[:]); err != nil {
			return "", fault.New(fault.Outside, "persons: draw a pseudonym: %w", err)
		}
		n := uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
		name := fmt.Sprintf("%s-%04d", list[int(b[0])%len(list)], n%10000)
		if !taken[name] {
			return name, nil
		}
	}
	return "", fault.New(fault.Busy, "persons: no free pseudonym was drawn in 1000 tries")
}
