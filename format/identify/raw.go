package identify

import (
	"bytes"
	"encoding/binary"
)

// magic is a fixed beginning of a camera raw format.
type magic struct {
	at   int
	text string
	mime string
	ext  string
}

// magics: signatures as in the public descriptions of the formats.
var magics = []magic{
	{0, "FUJIFILMCCD-RAW", "image/x-fuji-raf", ".raf"},
	{0, "IIRO", "image/x-olympus-orf", ".orf"},
	{0, "IIRS", "image/x-olympus-orf", ".orf"},
	{0, "MMOR", "image/x-olympus-orf", ".orf"},
	{0, "IIU\x00", "image/x-panasonic-rw2", ".rw2"},
	{0, "FOVb", "image/x-sigma-x3f", ".x3f"},
	{0, "\x00MRM", "image/x-minolta-mrw", ".mrw"},
	{4, "ftypcrx ", "image/x-canon-cr3", ".cr3"},
	{8, "CR\x02\x00", "image/x-canon-cr2", ".cr2"},
	{6, "HEAPCCDR", "image/x-canon-crw", ".crw"},
}

// rawExtensions are TIFF-based raw formats that only their name tells.
var rawExtensions = map[string]string{".dng": "image/x-adobe-dng", ".nef": "image/x-nikon-nef", ".nrw": "image/x-nikon-nrw",
	".arw": "image/x-sony-arw", ".sr2": "image/x-sony-sr2", ".srf": "image/x-sony-srf", ".pef": "image/x-pentax-pef",
	".srw": "image/x-samsung-srw", ".3fr": "image/x-hasselblad-3fr", ".iiq": "image/x-phaseone-iiq", ".erf": "image/x-epson-erf",
	".kdc": "image/x-kodak-kdc", ".dcr": "image/x-kodak-dcr", ".rwl": "image/x-leica-rwl", ".cr2": "image/x-canon-cr2"}

// raw recognises camera raw files, DNG by its version tag in the first directory.
func raw(head []byte, ext string) (Type, bool) {
	for _, m := range magics {
		if len(head) >= m.at+len(m.text) && string(head[m.at:m.at+len(m.text)]) == m.text {
			return Type{MIME: m.mime, Kind: Raw, Extension: m.ext}, true
		}
	}
	if len(head) < 8 || !bytes.HasPrefix(head, []byte("II*\x00")) && !bytes.HasPrefix(head, []byte("MM\x00*")) {
		return Type{}, false
	}
	if dngVersion(head) {
		return Type{MIME: "image/x-adobe-dng", Kind: Raw, Extension: ".dng"}, true
	}
	if mime, ok := rawExtensions[ext]; ok {
		return Type{MIME: mime, Kind: Raw, Extension: ext}, true
	}
	return Type{}, false
}

// dngVersion looks for tag 50706 in the first image file directory.
func dngVersion(head []byte) bool {
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(head[4:]))
	if at+2 > int64(len(head)) {
		return false
	}
	n := int64(order.Uint16(head[at:]))
	for i := range n {
		p := at + 2 + 12*i
		if p+12 > int64(len(head)) {
			return false
		}
		if order.Uint16(head[p:]) == 50706 {
			return true
		}
	}
	return false
}
