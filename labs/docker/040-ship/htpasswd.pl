# Print a line for a password file: NAME from the command line, the password from standard input.
chomp(my $password = <STDIN>);
open my $random, "<", "/dev/urandom";
read $random, my $bytes, 10;
my $salt = unpack("H*", $bytes) . "0u";
print "$ARGV[0]:", crypt($password, "\$2y\$05\$$salt"), "\n";
