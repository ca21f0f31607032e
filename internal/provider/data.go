package provider

import "time"

// DataSource is for adapters that answer from data of their own, a file say, which somebody has to keep new.
type DataSource interface {
	// Look finds out whether there is newer data, and takes it into use. It may read a file, and calls no other system.
	Look()
	// Data says how the data does, as far as the last look has shown. It is cheap.
	Data() Data
}

// Data is what an adapter answers from.
type Data struct {
	// Built is when the data was made, zero when that is not known.
	Built time.Time
	// Fault says what somebody should mend although the adapter works; "" when there is nothing.
	Fault DataFault
	// Message says it in a sentence. Stable, nothing personal.
	Message string
}

// DataFault says what is wrong with data that still serves.
type DataFault string

const (
	// DataOutdated: it was made too long ago.
	DataOutdated DataFault = "Outdated"
	// DataUnreadable: there is newer data that can't be used, so the old one still serves.
	DataUnreadable DataFault = "Unreadable"
	// DataMissing: where it was read from there is nothing any more, so the old one still serves.
	DataMissing DataFault = "Missing"
)
