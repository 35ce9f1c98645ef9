# L'écran mural.
wall-title = { product-name } : délais d'attente en ce moment
wall-connecting = connexion…
wall-connecting-notice = Connexion au moniteur…
wall-unreachable = Pas de connexion avec le moniteur. Nouvelle tentative…
wall-needs-script = Cette page nécessite JavaScript.
wall-demo = Démo : chiffres non réels

# Si les chiffres sont ceux de maintenant.
wall-live = ● en direct
wall-closed = ■ fermé
wall-closed-today = ■ fermé aujourd'hui
wall-catching-up = ▲ rattrape son retard
wall-lost = ✕ pas de connexion
wall-problem = ✕ { $problem }
wall-age = données d'il y a { $duration }
wall-age-to-read = données d'il y a { $duration } · encore { $lag } à lire
wall-behind = en retard de { $duration } · encore { $lag } à lire
wall-no-data-yet = pas encore de données reçues

# Pour qui entend l'écran.
wall-says-problem = { $problem }.
wall-says-stale = Les données ne sont plus à jour.
wall-says-above = Hors norme : { $clusters }.
wall-says-none-above = Aucune attente moyenne hors norme.

# À propos des pages, quand tout ne tient pas sur une seule.
wall-above = Hors norme : { $count } sur { $total }
wall-page = page { $page } sur { $pages }
wall-part = { $first }–{ $last } sur { $total }

# Normes.
wall-norm-below = norme < { $norm }
wall-norm-at-most = norme ≤ { $norm }
wall-norm-at-least = norme ≥ { $norm }
wall-norm-within = ≥ { $norm } en { $bound }
wall-within-norm = ✓ dans la norme
wall-norm-reached = ✓ norme atteinte
wall-above-norm = ▲ hors norme
wall-below-norm = ▼ sous la norme

wall-closed-window = fermé
wall-nothing = –

# Le téléphone.
wall-phone-title = téléphone
wall-phone-place = ligne
wall-phone-waiting = en attente
wall-phone-longest = plus longue attente
wall-phone-average = moyenne { $minutes } min
wall-phone-within = en { $bound } aujourd'hui
wall-phone-in-time = à temps aujourd'hui
wall-phone-missed = manqués aujourd'hui
wall-phone-answered-count = { $count ->
    [one] { $count } répondu
   *[other] { $count } répondus
}
wall-phone-missed-count = { $count ->
    [one] { $count } appel
   *[other] { $count } appels
}
wall-phone-without-short = sans les courts : { $share }
wall-phone-none = aucun appel
wall-phone-none-answered = aucun appel répondu

# Les guichets.
wall-desk-title = Guichets
wall-desk-place = guichet
wall-staff-free = { $free ->
    [one] { $free } libre sur { $count }
   *[other] { $free } libres sur { $count }
}
wall-desks-open = { $count ->
    [one] { $count } guichet ouvert
   *[other] { $count } guichets ouverts
}
wall-desk-waiting = en attente
wall-desk-longest = plus longue attente
wall-desk-average = moyenne { $minutes } min
wall-desk-average-today = moyenne du jour
wall-desk-visits = aujourd'hui { $served } sur rendez-vous, { $walkins } sans rendez-vous, { $noshows ->
    [one] { $noshows } absent
   *[other] { $noshows } absents
}
wall-desk-none = aucun visiteur
wall-desk-no-appointments = aucun rendez-vous
