# One byte for each visit, at the end of the catalogue. As the clerk, not as root.
exec su clerk -s /bin/sh -c 'while true; do printf v >> /srv/catalogue; sleep 0.5; done'
