// Package overload bounds how many calls are worked on at a time, by how they fare: fewer when they take longer than without load
// or fail, more while they do not. What would have to wait longer than it may is refused at once.
//
// It promises that no more than the most are under way and no more than the limit wait; that some may always enter, so that
// one class of calls starves no other for ever and the limit finds its way back; and that whoever is refused has waited for
// nothing: at once while others are being refused.
//
// It refuses to know what a call is: whether it has done its work, has failed for want of room or says nothing about the load
// is its caller's to tell.
package overload
