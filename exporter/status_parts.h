// What the parts of the status page share: a view's subject, words, and the sections.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/gate.h"
#include "exporter/html.h"
#include "exporter/snapshot.h"
#include "exporter/status_page.h"

namespace mse {

// How a status or verdict shows: never by colour alone.
struct Sign {
  std::string_view glyph, word, tone;
};
Sign sign_of(Status status);
Sign sign_of(Verdict verdict);
void write_sign(Html& html, const Sign& sign);

std::string percent(double ratio);  // "8.3 %"
std::string count_of(std::size_t count, std::string_view one, std::string_view many);
std::string age(Wall since, Wall now);         // "39m"; "0s" of what is to come
std::string shortened(std::string_view text);  // for a cell
std::string state_name(const StateKey& key, const std::string& text);
void write_time(Html& html, Wall at, Wall now);  // UTC, and how long ago or ahead
void write_fact(Html& html, std::string_view name, std::string_view value);
// Where a table stands: what is too wide for a narrow screen scrolls by itself.
[[nodiscard]] Html::Open scrolling(Html& html, std::string_view label);
void write_head(Html& html, std::initializer_list<std::string_view> columns);
// The first of many names, each linked to its node, and how many there are besides.
void write_names(Html& html, const StatusQuestion& question,
                 const std::vector<const NodeView*>& nodes);

// Which of all rows are shown, and links to the others; nothing where all are.
struct Window {
  std::size_t first = 0, end = 0, all = 0;
};
void write_pages(Html& html, const StatusQuestion& question, const Window& shown,
                 std::size_t a_page);

// A node's place among the others: worst first.
enum class Standing { divergent, preexisting, unknown, transition, canonical };
struct NodeRow {
  const NodeView* node = nullptr;
  Standing standing = Standing::canonical;
  std::optional<Wall> since;  // the earliest of its dimensions of that standing
};

// One service as it is asked about.
struct Subject {
  const ServiceView& service;
  const StatusQuestion& question;
  GateAnswer gate;  // to the service's oldest caller, as the metric gate_verdict
  Wall now{};
  std::vector<NodeRow> rows;  // that are asked about; worst first, the longest first

  // The dimensions that are asked about.
  bool shows(const std::string& dimension) const {
    return question.dimension.empty() || question.dimension == dimension;
  }
  std::size_t count(Standing standing) const {
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(),
                      [standing](const NodeRow& row) { return row.standing == standing; }));
  }
};
Subject subject_of(const ServiceView& service, const StatusQuestion& question,
                   const Freshness& freshness, Wall now);

// What a dimension should be, or why it has no canonical state; by group of compare_within.
std::string canonical_text(const DimensionView& view);

// "1 of 12 nodes divergent, 2 unknown"; "12 nodes canonical".
std::string in_short(const Subject& subject);

// Exposure as shares of the serving nodes whose standing is known, now.
struct Exposed {
  int serving = 0, known = 0, outside = 0, divergent = 0;
};
Exposed exposed(const ServiceView& service);

// Why the gate does not say go, and what would clear it.
void write_reasons(Html& html, const Subject& subject);

// Sections, each with its heading, or nothing where there is nothing to say.
void write_service(Html& html, const Subject& subject);
void write_nodes(Html& html, const Subject& subject);
void write_differences(Html& html, const Subject& subject);
void write_allowances(Html& html, const Subject& subject);
void write_changes(Html& html, const Subject& subject);
void write_collectors(Html& html, const Subject& subject);

// The style sheet of the page.
std::string_view status_style();

}  // namespace mse
