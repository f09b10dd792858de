// The front door: the only part that faces the network. Lets in complete requests, and hands them
// to the HTTP server on loopback behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exporter/callers.h"
#include "exporter/front_door_places.h"
#include "exporter/model.h"
#include "exporter/result.h"

namespace mse {

struct FrontDoorLimits {
  PlaceLimits places;
  Duration head = std::chrono::seconds(5);     // for a TLS handshake, and again for a whole head
  Duration body = std::chrono::seconds(5);     // once the head is there
  Duration answer = std::chrono::seconds(15);  // of the HTTP server behind
  Duration write = std::chrono::seconds(10);   // for the client to take the whole answer
  Duration reread = std::chrono::seconds(2);
};

struct FrontDoorSettings {
  std::string listen_address = ":9889";  // as parse_listen_address reads it
  std::string telemetry_path = "/metrics";
  std::string web_config_file;       // empty: plain HTTP for everybody
  int inner_port = 0;                // of the HTTP server on 127.0.0.1
  std::shared_ptr<Callers> callers;  // shared with it
  // Told the status of each answer the door gives by itself, on its thread; may be empty.
  std::function<void(int status)> answered;
  FrontDoorLimits limits;
};

// A thread of its own, with its own loop. On an empty host it listens on IPv4 and IPv6, where the
// system has both. One request a connection; the answer is taken from the server behind as fast as
// it gives it, kept within a budget, and written under a deadline. What is no request, too large,
// too slow or too much gets 400, 408, 413, 429, 431, 503 or 505, or is closed; places and turns are
// shared fairly between source addresses (Places, Turns). TLS, users (401) and headers as the web
// configuration says; it and the files it names are looked at every `reread`. While its own file is
// wrong every request gets 500; while only a certificate is, the last good one is served.
// Destroying it closes all connections.
class FrontDoor {
 public:
  // Fails with the reason when it cannot listen there, or what is wrong in the web configuration.
  static Result<std::unique_ptr<FrontDoor>> start(FrontDoorSettings settings);
  virtual ~FrontDoor() = default;
  virtual int port() const = 0;  // the one bound, also when 0 was asked for
};

}  // namespace mse
