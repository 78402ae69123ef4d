// Asio's definitions, compiled once (BOOST_ASIO_SEPARATE_COMPILATION). Its TLS half is in net.
#include <boost/asio/impl/src.hpp>
