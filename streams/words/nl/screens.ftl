# Woorden die meer dan één scherm heeft.
product-name = Wachtmonitor

duration-seconds = { $seconds } s
duration-minutes = { $minutes } min { $seconds } s
duration-hours = { $hours } u { $minutes } min
duration-whole-minutes = { $minutes } min
duration-whole-hours = { $hours } u

day-and-time = { $day } om { $time }
hours-of-day = { $day } { $start }-{ $end } u

# Wat op een kanaal binnenkomt.
contacts-phone = oproepen
contacts-desk = bezoeken
