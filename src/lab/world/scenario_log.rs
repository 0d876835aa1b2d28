//! Log lines that a scenario brings along, written over and over. Knows not what they say.

use super::{Happening, World};

impl World {
    pub(super) fn begin_scenario_logs(&mut self) {
        for (place, log) in self.scenario.logs.clone().into_iter().enumerate() {
            self.logs.create(&log.group, self.now);
            self.schedule(log.every, Happening::ScenarioLogs { log: place, line: 0 });
        }
    }

    pub(super) fn write_scenario_log(&mut self, place: usize, line: usize) {
        let Some(log) = self.scenario.logs.get(place) else { return };
        let Some(message) = log.lines.get(line) else { return };
        let (every, next) = (log.every, (line + 1) % log.lines.len());
        self.logs.put(&log.group, &log.stream, self.now, self.now, message.clone());
        self.schedule(every, Happening::ScenarioLogs { log: place, line: next });
    }
}
