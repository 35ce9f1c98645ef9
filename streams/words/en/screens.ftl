# Words that more than one screen has.
product-name = Wachtmonitor

duration-seconds = { $seconds } s
duration-minutes = { $minutes } min { $seconds } s
duration-hours = { $hours } h { $minutes } min
duration-whole-minutes = { $minutes } min
duration-whole-hours = { $hours } h

day-and-time = { $day } at { $time }
hours-of-day = { $day } { $start }:00-{ $end }:00

# What comes in on a channel.
contacts-phone = calls
contacts-desk = visits
