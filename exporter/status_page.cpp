// The frame of the page, the list of services, and what is said where there is nothing to show.
#include "exporter/status_page.h"

#include <charconv>
#include <functional>
#include <tuple>

#include "exporter/query_string.h"
#include "exporter/status_parts.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::size_t kServices = 200;
constexpr int kLeastRefresh = 5, kMostRefresh = 3600;

Result<std::size_t> number(const Parameters& parameters, std::string_view name) {
  const std::string_view text = value_of(parameters, name);
  std::size_t value = 0;
  if (text.empty()) return value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value <= 1'000'000'000)
    return value;
  return fail("\"" + std::string(name) + "\" is to be a whole number.");
}

// Where the page is, and what is to be believed of it.
struct Frame {
  const StatusQuestion& question;
  const StatusMoment& moment;
  Wall now{};

  bool stale() const { return moment.staleness.has_value(); }
  Freshness freshness() const {
    return {moment.now - moment.snapshot->at, moment.snapshot->stale_after};
  }
};

void write_style(Html& html) {
  const auto style = html.in("style");
  html.verbatim(status_style());
}

void write_item(Html& html, std::string_view address, std::string_view text, bool here = false) {
  const auto item = html.in("li");
  if (here) {
    html.element("a", text, {{"href", address}, {"aria-current", "page"}});
  } else {
    html.link(address, text);
  }
}

void write_navigation(Html& html, const Frame& frame) {
  const auto nav = html.in("nav", {{"aria-label", "Views"}});
  const auto list = html.in("ul");
  const StatusQuestion& question = frame.question;
  StatusQuestion there;
  there.refresh = question.refresh;
  write_item(html, status_address(there), "All services", question.service.empty());
  if (!question.service.empty()) {
    there.service = question.service;
    const bool whole = question.dimension.empty() && question.node.empty();
    write_item(html, status_address(there), "Service " + question.service, whole);
  }
  write_item(html, frame.moment.telemetry_path, "Metrics");
  write_item(html, "/-/ready", "Ready?");
  write_item(html, "/-/healthy", "Healthy?");
}

void write_refresh(Html& html, const StatusQuestion& question) {
  const auto line = html.in("p", {{"class", "refresh soft"}});
  StatusQuestion there = question;
  const auto offer = [&](int seconds, std::string_view text) {
    there.refresh = std::chrono::seconds(seconds);
    html.text(" ");
    html.link(status_address(there), text);
  };
  if (question.refresh.count() > 0) {
    html.text("Loads anew every " + format_duration(question.refresh) + ".");
    offer(0, "Stop that");
  } else {
    html.text("Load anew every");
    offer(10, "10 s");
    offer(30, "30 s");
    offer(60, "60 s");
  }
}

void write_waiting(Html& html, const std::vector<std::string>& waiting) {
  constexpr std::size_t kNames = 8;
  if (waiting.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(waiting.size(), kNames); ++i)
    names += (i == 0 ? "" : ", ") + shortened(waiting[i]);
  if (waiting.size() > kNames) names += " and " + std::to_string(waiting.size() - kNames) + " more";
  html.text(" Not shown, for not every node of it has been polled yet: " + names + ".");
}

void write_age(Html& html, const Frame& frame) {
  if (frame.stale()) {
    html.element(
        "p",
        "Do not rely on this page. " + *frame.moment.staleness +
            (frame.moment.snapshot == nullptr ? "" : " What follows is what was known then."),
        {{"class", "stale"}, {"role", "alert"}});
  }
  if (frame.moment.snapshot == nullptr) return;
  const auto line = html.in("p", {{"class", "soft"}});
  html.text("Evaluated ");
  write_time(html, frame.moment.snapshot->wall, frame.now);
  html.text(".");
  write_waiting(html, frame.moment.snapshot->waiting);
}

using Section = std::function<void(Html&)>;

std::string framed(const Frame& frame, const std::string& title, const Section& main) {
  Html html;
  html.verbatim("<!DOCTYPE html>\n");
  {
    const auto document = html.in("html", {{"lang", "en"}});
    {
      const auto head = html.in("head");
      html.empty("meta", {{"charset", "utf-8"}});
      html.empty("meta",
                 {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
      html.element("title", title + " - mixed_state_exporter");
      write_style(html);
    }
    const auto body = html.in("body");
    {
      const auto header = html.in("header");
      write_navigation(html, frame);
    }
    {
      const auto there = html.in("main");
      main(html);
    }
    const auto footer = html.in("footer");
    write_refresh(html, frame.question);
    html.element("p", "mixed_state_exporter " + std::string(frame.moment.version));
  }
  return html.take();
}

void write_heading(Html& html, const Sign& sign, const std::string& rest) {
  const auto heading = html.in("h1");
  write_sign(html, sign);
  html.text(" " + rest);
}

StatusPage not_found(const Frame& frame, const std::string& what) {
  const std::string sentence = "There is no " + what + " here.";
  const auto main = [&](Html& html) {
    html.element("h1", sentence);
    write_age(html, frame);
    const auto line = html.in("p");
    html.text("It may have been renamed or removed. ");
    html.link("/", "All services");
  };
  return {404, framed(frame, "Not found: " + what, main)};
}

// Overview.

int urgency(Verdict verdict) {
  return -static_cast<int>(verdict);
}

std::vector<Subject> subjects(const Frame& frame) {
  std::vector<Subject> all;
  all.reserve(frame.moment.snapshot->services.size());
  for (const ServiceView& service : frame.moment.snapshot->services)
    all.push_back(subject_of(service, frame.question, frame.freshness(), frame.now));
  const auto rank = [](const Subject& subject) {
    const auto last = [&](Standing standing) {
      return -static_cast<long>(subject.count(standing));
    };
    return std::make_tuple(urgency(subject.gate.verdict), last(Standing::divergent),
                           last(Standing::unknown), last(Standing::preexisting),
                           last(Standing::transition), std::string_view(subject.service.name));
  };
  std::vector<std::pair<decltype(rank(all.front())), std::size_t>> order;
  order.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) order.emplace_back(rank(all[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<Subject> sorted;
  sorted.reserve(all.size());
  for (const auto& [key, place] : order) sorted.push_back(std::move(all[place]));
  return sorted;
}

void write_row(Html& html, const Subject& subject) {
  const ServiceView& service = subject.service;
  const auto row = html.in("tr");
  const Sign sign = sign_of(subject.gate.verdict);
  {
    const auto cell = html.in("td", {{"class", sign.tone}});
    write_sign(html, sign);
  }
  {
    const auto cell = html.in("th", {{"scope", "row"}});
    html.link(status_address({service.name, "", "", 0, subject.question.refresh}), service.name);
    if (!service.owner.empty()) html.element("small", " " + service.owner);
    if (!service.tier.empty()) html.element("small", " " + service.tier);
  }
  html.element("td", in_short(subject));
  const Exposed now = exposed(service);
  html.element(
      "td", now.known == 0 ? "not known" : percent(static_cast<double>(now.outside) / now.known));
  const auto cell = html.in("td");
  if (!service.deploy) {
    html.text("none");
  } else if (service.deploy->open) {
    html.text("open: " +
              shortened(service.deploy->deploy_id == "none" ? service.deploy->to
                                                            : service.deploy->deploy_id) +
              ", " + percent(service.deploy->converged_ratio) + " there");
  } else {
    html.text(std::string(service.deploy->outcome ? name(*service.deploy->outcome) : "closed"));
  }
}

void write_services(Html& html, const Frame& frame, const std::vector<Subject>& all) {
  const std::size_t first = std::min(frame.question.from, all.size());
  const std::size_t end = std::min(first + kServices, all.size());
  {
    const auto place = scrolling(html, "Services");
    const auto table = html.in("table");
    html.element("caption", "Services, worst first");
    write_head(html, {"Gate", "Service", "Nodes", "Outside the canonical now", "Change"});
    const auto body = html.in("tbody");
    for (std::size_t i = first; i < end; ++i) write_row(html, all[i]);
  }
  write_pages(html, frame.question, {first, end, all.size()}, kServices);
}

// What the list as a whole comes to: its worst.
struct Summary {
  Verdict verdict = Verdict::unknown;
  std::string words;
};

Summary summary(const Frame& frame, const std::vector<Subject>& all) {
  if (frame.stale()) return {Verdict::unknown, *frame.moment.staleness};
  if (frame.moment.snapshot == nullptr) return {Verdict::unknown, "nothing has been evaluated yet"};
  const std::size_t waiting = frame.moment.snapshot->waiting.size();
  const bool go = all.empty() || all.front().gate.verdict == Verdict::go;
  if (go && waiting > 0)
    return {Verdict::unknown,
            count_of(waiting, "service waits", "services wait") + " for a first poll"};
  if (all.empty()) return {Verdict::unknown, "no service yet"};
  if (go) return {Verdict::go, count_of(all.size(), "service", "services")};
  const Subject& worst = all.front();
  return {worst.gate.verdict, shortened(worst.service.name) + " " + in_short(worst)};
}

StatusPage overview(const Frame& frame) {
  const auto all = frame.moment.snapshot == nullptr ? std::vector<Subject>() : subjects(frame);
  const auto [verdict, words] = summary(frame, all);
  const Sign sign = sign_of(verdict);
  const auto main = [&, &text = words](Html& html) {
    {
      const auto box = html.in("section", {{"class", std::string("verdict ").append(sign.tone)}});
      write_heading(html, sign, text);
    }
    write_age(html, frame);
    if (!all.empty()) write_services(html, frame, all);
  };
  return {200, framed(frame, std::string(sign.word) + ": " + words, main)};
}

// One service.

StatusPage waiting_page(const Frame& frame) {
  const std::string words = shortened(frame.question.service) + " waits for a first poll";
  const auto main = [&](Html& html) {
    write_heading(html, sign_of(Verdict::unknown), words);
    write_age(html, frame);
  };
  return {200, framed(frame, "UNKNOWN: " + words, main)};
}

bool waits(const Snapshot* snapshot, const std::string& name) {
  if (snapshot == nullptr) return false;
  const auto& waiting = snapshot->waiting;
  return std::find(waiting.begin(), waiting.end(), name) != waiting.end();
}

StatusPage service_page(const Frame& frame, const Subject& subject) {
  const Sign sign = sign_of(subject.gate.verdict);
  const std::string title =
      std::string(sign.word) + ": " + shortened(subject.service.name) + " " + in_short(subject);
  const auto main = [&](Html& html) {
    {
      const auto box = html.in("section", {{"class", std::string("verdict ").append(sign.tone)}});
      write_heading(html, sign, subject.service.name + ": " + in_short(subject));
      write_reasons(html, subject);
    }
    write_age(html, frame);
    write_service(html, subject);
    write_nodes(html, subject);
    write_differences(html, subject);
    write_allowances(html, subject);
    write_changes(html, subject);
    write_collectors(html, subject);
  };
  return {200, framed(frame, title, main)};
}

const ServiceView* find(const Snapshot* snapshot, const std::string& name) {
  if (snapshot == nullptr) return nullptr;
  const auto found = std::find_if(snapshot->services.begin(), snapshot->services.end(),
                                  [&](const ServiceView& service) { return service.name == name; });
  return found == snapshot->services.end() ? nullptr : &*found;
}

}  // namespace

Result<StatusQuestion> parse_status_question(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto from = number(*parameters, "from");
  if (!from) return tl::unexpected(from.error());
  const auto refresh = number(*parameters, "refresh");
  if (!refresh) return tl::unexpected(refresh.error());
  StatusQuestion question;
  question.service = value_of(*parameters, "service");
  question.dimension = value_of(*parameters, "dimension");
  question.node = value_of(*parameters, "node");
  question.from = *from;
  if (*refresh > 0)
    question.refresh =
        std::chrono::seconds(std::clamp<std::size_t>(*refresh, kLeastRefresh, kMostRefresh));
  return question;
}

std::string status_address(const StatusQuestion& question) {
  std::string address;
  const auto say = [&address](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    address += address.empty() ? "/?" : "&";
    address.append(name).append("=").append(query_escaped(value));
  };
  say("service", question.service);
  say("dimension", question.dimension);
  say("node", question.node);
  say("from", question.from == 0 ? "" : std::to_string(question.from));
  say("refresh", question.refresh.count() == 0 ? "" : std::to_string(question.refresh.count()));
  return address.empty() ? "/" : address;
}

StatusPage status_page(const StatusQuestion& question, const StatusMoment& moment) {
  Frame frame{question, moment, Wall{}};
  if (moment.snapshot != nullptr)
    frame.now = moment.snapshot->wall + (moment.now - moment.snapshot->at);
  if (question.service.empty()) return overview(frame);
  const ServiceView* service = find(moment.snapshot, question.service);
  if (waits(moment.snapshot, question.service)) return waiting_page(frame);
  if (service == nullptr) return not_found(frame, "service \"" + question.service + "\"");
  if (!question.dimension.empty() && !service->dimensions.contains(question.dimension))
    return not_found(frame, "dimension \"" + question.dimension + "\"");
  const Subject subject = subject_of(*service, question, frame.freshness(), frame.now);
  if (!question.node.empty() && subject.rows.empty())
    return not_found(frame, "node \"" + question.node + "\"");
  return service_page(frame, subject);
}

}  // namespace mse
