// The loop that plays a story.
#include "tests/support/fake_engine.h"

namespace mse::story {
namespace {

using std::chrono::seconds;

std::string clock_text(Duration time) {
  const auto all = std::chrono::duration_cast<seconds>(time).count();
  std::string out = std::to_string(all % 60) + "s";
  if (all >= 60) out = std::to_string(all / 60 % 60) + "m" + out;
  return all >= 3600 ? std::to_string(all / 3600) + "h" + out : out;
}

// "2.0", or its decimal fingerprint: "fingerprint 2.0".
std::string declared_state(const YAML::Node& node) {
  const auto parts = words(node.Scalar());
  if (parts.size() != 2 || parts[0] != "fingerprint") return node.Scalar();
  return std::to_string(std::get<State>(outcome(YAML::Node(parts[1]))).key.fingerprint);
}

bool due(Duration time, Duration every) {
  return time % every == Duration::zero();
}

}  // namespace

FakeEngine::FakeEngine(Story story)
    : story_(std::move(story)),
      world_(story_.collect, story_.replicated, story_.deep),
      evaluator_(story_.settings, story_.cadences) {}

void FakeEngine::start() {
  for (const auto& [collector, dimensions] : story_.collect)
    evaluator_.expect(collector, dimensions, world_.deep_of(collector));
  evaluator_.maintenance(open_maintenance_);
  evaluator_.inventory(world_.inventory(), now());
  sources();
}

std::vector<std::string> FakeEngine::play() {
  for (const auto& entry : story_.nodes) {
    for (const auto& name : names(entry.first.Scalar())) world_.set(name, entry.second);
  }
  start();
  const Duration end = story_.steps.rbegin()->first;
  for (; time_ <= end; time_ += seconds(1)) second();
  return failures_;
}

void FakeEngine::second() {
  world_.tick();
  const auto [first, last] = story_.steps.equal_range(time_);
  for (auto step = first; step != last; ++step) act(step->second.actions);
  if (due(time_, story_.cadences.poll_interval)) {
    sources();
    poll(due(time_, story_.cadences.deep_interval));
  }
  if (due(time_, story_.cadences.position_interval)) {
    const auto round = world_.positions(now().mono);
    if (!round.empty()) evaluator_.positions(round, now());
  }
  if (due(time_, story_.evaluate_every) || first != last) evaluate();
  for (auto step = first; step != last; ++step) {
    if (step->second.expects()) check(step->second.expect);
  }
  if (mark_due_) mark_ = mark_of(view_);
  mark_due_ = false;
}

void FakeEngine::put(const YAML::Node& facts, bool known) {
  for (const auto& entry : facts) {
    for (const auto& name : names(entry.first.Scalar())) {
      if (known && !world_.nodes().contains(name)) throw Mistake(entry.second, "no node " + name);
      world_.set(name, entry.second);
    }
  }
}

void FakeEngine::act(const YAML::Node& actions) {
  bool restarted = false, with_history = false;
  each_key(actions, {{"what", [](const auto&) {}},
                     {"set", [&](const auto& value) { put(value, true); }},
                     {"add", [&](const auto& value) { put(value, false); }},
                     {"remove",
                      [&](const auto& value) {
                        for (const auto& name : name_list(value)) world_.remove(name);
                      }},
                     {"file", [&](const auto& value) { declaration(value, true); }},
                     {"declare", [&](const auto& value) { declaration(value, false); }},
                     {"declared", [&](const auto& value) { declared(value); }},
                     {"maintenance", [&](const auto& value) { maintenance(value); }},
                     {"clock", [&](const auto& value) { stepped_ += duration(value); }},
                     {"reload",
                      [&](const auto& value) {
                        read_settings(value, story_.settings);
                        evaluator_.reconfigure(story_.settings, story_.cadences);
                      }},
                     {"restart",
                      [&](const auto& value) {
                        with_history = value.Scalar() == "with history";
                        restarted = with_history || flag(value);
                      }},
                     {"mark", [&](const auto& value) { mark_due_ = flag(value); }}});
  if (restarted) {
    restart(with_history);
  } else if (actions.size() > 0) {
    evaluator_.inventory(world_.inventory(), now());
  }
}

// With history: as if the newest evaluation had been stored.
void FakeEngine::restart(bool with_history) {
  const Now stored{now().mono - seconds(1), now().wall - seconds(1)};
  const Remembered remembered = evaluator_.remember(stored);
  evaluator_ = Evaluator(story_.settings, story_.cadences);
  if (with_history) evaluator_.restore(remembered, now());
  view_.reset();
  mark_ = {};
  invariants_ = {};
  start();
}

void FakeEngine::sources() {
  for (const auto& [dimension, declaration] : files_)
    evaluator_.declare(dimension, declaration, now());
  for (const auto& target : targets_) tell_declared(target.first);
}

void FakeEngine::tell_declared(const std::string& dimension) {
  const std::string& target = targets_.at(dimension);
  const DeclaredValue value =
      target.empty() ? DeclaredValue(SourceUnreachable{}) : DeclaredValue(target);
  evaluator_.declared(dimension, value, now());
}

void FakeEngine::declared(const YAML::Node& node) {
  for (const auto& entry : node) {
    const std::string& value = entry.second.Scalar();
    targets_[entry.first.Scalar()] = value == "unreachable" ? "" : value;
    tell_declared(entry.first.Scalar());
  }
}

void FakeEngine::declaration(const YAML::Node& node, bool file) {
  Declaration out;
  std::string dimension;
  std::optional<Duration> deadline;
  out.started = now().wall;
  out.deploy_id = "deploy";
  each_key(node,
           {{"dimension", [&](const auto& value) { dimension = value.Scalar(); }},
            {"state", [&](const auto& value) { out.state = declared_state(value); }},
            {"from", [&](const auto& value) { out.from = value.Scalar(); }},
            {"deploy_id", [&](const auto& value) { out.deploy_id = value.Scalar(); }},
            {"started", [&](const auto& value) { out.started = beginning() + duration(value); }},
            {"deadline", [&](const auto& value) { deadline = duration(value); }},
            {"nodes", [&](const auto& value) { out.nodes = name_list(value); }},
            {"dimensions", [&](const auto& value) { out.dimensions = name_list(value); }}});
  if (dimension.empty()) throw Mistake(node, "a declaration needs its dimension");
  if (deadline) out.deadline = out.started + std::chrono::duration_cast<Wall::duration>(*deadline);
  if (file) files_[dimension] = out;
  evaluator_.declare(dimension, out, now());
}

void FakeEngine::maintenance(const YAML::Node& node) {
  open_maintenance_.reset();
  if (!node.IsScalar() || node.Scalar() != "closed") {
    Evaluator::OpenMaintenance open;
    each_key(node, {{"until", [&](const auto& value) { open.end = beginning() + duration(value); }},
                    {"why", [&](const auto& value) { open.why = value.Scalar(); }}});
    open_maintenance_ = open;
  }
  evaluator_.maintenance(open_maintenance_);
}

void FakeEngine::poll(bool deep) {
  asked_again_.clear();
  for (const auto& member : evaluator_.members()) {
    for (const auto& entry : story_.collect) poll(member.name, entry.first, deep);
  }
}

void FakeEngine::poll(const std::string& name, const std::string& collector, bool deep) {
  const auto found = world_.nodes().find(name);
  if (found == world_.nodes().end()) {
    evaluator_.lost(name, collector, Reason::unreachable, now());
    return;
  }
  const FakeNode& node = found->second;
  if (!node.polled) return;
  auto lost = node.lost.find(collector);
  if (lost == node.lost.end()) lost = node.lost.find("");
  if (lost != node.lost.end()) {
    evaluator_.lost(name, collector, lost->second, now());
  } else {
    evaluator_.report(name, collector, world_.report(node, collector, deep), now());
  }
}

void FakeEngine::evaluate() {
  view_ = evaluator_.evaluate(now());
  for (const auto& name : evaluator_.reread()) asked_again_.insert(name);
  if (!view_) return;
  for (const auto& broken : invariants_.hold(*view_, world_))
    failures_.push_back("at " + clock_text(time_) + ": " + broken);
}

void FakeEngine::check(const YAML::Node& expect) {
  const auto wrong = unmet(expect, {view_, mark_, asked_again_, stepped_});
  for (const auto& one : wrong) failures_.push_back("at " + clock_text(time_) + ": " + one);
}

std::vector<std::string> play(const std::string& yaml) {
  try {
    return FakeEngine(parse_story(yaml)).play();
  } catch (const std::exception& e) {
    return {std::string("the story is wrong: ") + e.what()};
  }
}

}  // namespace mse::story
