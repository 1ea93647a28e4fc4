// Package whatsapp reads the text that the "Export chat" function of WhatsApp
// writes, from Android and iOS, in the header forms and languages of its tables.
// It promises that every byte of the input belongs to exactly one message (or to
// a reported preamble), and that no reading is chosen silently where two are
// possible; it never changes an author's spelling, never invents a time zone and
// never drops a line that it does not understand.
//
// Sources of the forms and phrases: exports of many devices as described in the
// public issue lists and fixtures of chat parsers; the shapes are named in
// Chat.Shape. On iOS every message ends with CRLF and line breaks inside a
// message are bare LF, which proves where a message ends; Android writes LF for
// both, and there header-like lines can only be judged.
package whatsapp
