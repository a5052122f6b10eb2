package registration

//go:generate go run ./diagram/write ../README.md
