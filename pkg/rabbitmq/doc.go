// Package rabbitmq publishes to and consumes from RabbitMQ, and gets over every loss by itself: of the broker, of a
// connection, of a channel, of a queue or an exchange. Nothing is reported as published that the broker did not confirm
// and route, and nothing is acknowledged that was not handled.
//
// The rules behind it are those of RabbitMQ 3.10 to 4.x alike.
package rabbitmq
