import { Module, type DynamicModule } from '@nestjs/common';
import { OpenedState } from './opened-state.js';

/** The state file is opened before there is a Nest application: one that cannot be used ends the start. */
@Module({})
export class StateModule {
  static forRoot(state: OpenedState): DynamicModule {
    return {
      module: StateModule,
      global: true,
      providers: [{ provide: OpenedState, useValue: state }],
      exports: [OpenedState],
    };
  }
}
