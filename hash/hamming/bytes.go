package hamming

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian reports whether this machine keeps numbers as the format does.
func littleEndian() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}

// view32 returns b as numbers of four bytes: the same memory where the machine
// allows it, else a copy.
func view32(b []byte) []uint32 {
	if len(b) < 4 {
		return nil
	}
	p := unsafe.SliceData(b)
	if littleEndian() && uintptr(unsafe.Pointer(p))%4 == 0 {
		return unsafe.Slice((*uint32)(unsafe.Pointer(p)), len(b)/4)
	}
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

// view64 is view32 for numbers of eight bytes.
func view64(b []byte) []uint64 {
	if len(b) < 8 {
		return nil
	}
	p := unsafe.SliceData(b)
	if littleEndian() && uintptr(unsafe.Pointer(p))%8 == 0 {
		return unsafe.Slice((*uint64)(unsafe.Pointer(p)), len(b)/8)
	}
	out := make([]uint64, len(b)/8)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return out
}

// viewCodes is view64 for codes.
func viewCodes(b []byte) []Code {
	words := view64(b)
	if len(words) < Words {
		return nil
	}
	return unsafe.Slice((*Code)(unsafe.Pointer(unsafe.SliceData(words))), len(words)/Words)
}
