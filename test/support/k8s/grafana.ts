import type { Dashboard, DataQuery, FieldConfigSource, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as stateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** A query to Prometheus: its plugin is not in the schema. */
interface PrometheusQuery extends DataQuery {
  expr: string;
  legendFormat: string;
}

type PanelOf<Type extends string, Options, Config> = Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type;
  options?: Partial<Options>;
  fieldConfig: FieldConfigSource<Partial<Config>>;
  targets: PrometheusQuery[];
};

type OurPanel =
  | PanelOf<'timeseries', timeSeries.Options, timeSeries.FieldConfig>
  | PanelOf<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>
  | RowPanel;

/** JSON has the words of an enumeration, and not its members. */
type Json<T> = T extends string ? `${T}` : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;

/** A dashboard of Grafana with the panels we use, by Grafana's own types. */
export type GrafanaDashboard = Json<
  Omit<Dashboard, 'panels' | 'templating'> & {
    panels: OurPanel[];
    /** `definition` is what the editor shows; the schema forgets it. */
    templating: { list: (VariableModel & { definition?: string })[] };
  }
>;
