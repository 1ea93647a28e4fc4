// Package mail reads messages (.eml) and mailboxes (mbox) as they are, damaged or
// hostile. It promises that every input gives a message whose raw bytes keep
// their offsets, in time linear in its size; it never loads anything that a
// message refers to and never stops at a defect.
//
// Sources: RFC 5322, RFC 2045–2049, RFC 2231, RFC 4155.
package mail
