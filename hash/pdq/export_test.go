package pdq

// Values returns what the last hash was made of: the 64×64 values after the
// filter and the 16×16 frequencies.
func (h *Hasher) Values() (block [blockSide][blockSide]float32, freq [freqSide * freqSide]float32) {
	return h.block, h.freq
}
