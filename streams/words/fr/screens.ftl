# Mots que plus d'un écran utilise.
product-name = Wachtmonitor

duration-seconds = { $seconds } s
duration-minutes = { $minutes } min { $seconds } s
duration-hours = { $hours } h { $minutes } min
duration-whole-minutes = { $minutes } min
duration-whole-hours = { $hours } h

day-and-time = { $day } à { $time }
hours-of-day = { $day } { $start }-{ $end } h

# Ce qui arrive par un canal.
contacts-phone = appels
contacts-desk = visites
