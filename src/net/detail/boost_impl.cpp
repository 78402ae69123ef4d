// Beast's definitions and the TLS half of Asio's, compiled once (BOOST_*_SEPARATE_COMPILATION).
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>

#include <ostream>
